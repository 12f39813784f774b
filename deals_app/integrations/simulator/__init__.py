"""Other systems on this machine: enough of HubSpot, Salesforce, a mailbox and a language model for their real clients.

For development, demonstrations and tests. Everything is made up, the same at each start, and gone at the end; nothing
here talks to any other host. `deals simulate` starts them.
"""
