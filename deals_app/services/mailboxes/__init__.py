"""Where mails come from: mailboxes are set up, posted to by mail services, and looked into over IMAP."""
