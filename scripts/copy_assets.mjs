// Copies the browser scripts out of node_modules into the git-ignored static/vendor, and proves they are the ones the
// pages carry SRI hashes for. Run by `npm run assets`; nothing else of npm reaches the product.
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const FILES = ["htmx.org/dist/htmx.min.js", "sortablejs/Sortable.min.js"];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const vendor = join(root, "deals_app", "static", "vendor");
const pinned = readFileSync(join(root, "deals_app", "blueprints", "assets.py"), "utf8");

mkdirSync(vendor, { recursive: true });
for (const file of FILES) {
  const source = join(root, "node_modules", ...file.split("/"));
  const hash = "sha384-" + createHash("sha384").update(readFileSync(source)).digest("base64");
  if (!pinned.includes(hash)) {
    console.error(`${file} has ${hash}, which deals_app/blueprints/assets.py does not name. Update both together.`);
    process.exit(1);
  }
  copyFileSync(source, join(vendor, basename(file)));
  console.log(`static/vendor/${basename(file)}`);
}
