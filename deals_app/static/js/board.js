// The board's islands. What they share is where cards stand (board/cards.js) and how a move is sent (board/moves.js).

import "./board/connection.js";
import "./board/drag.js";
import "./board/keyboard.js";
import "./board/swaps.js";
