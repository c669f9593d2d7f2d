"""What is remembered: who may draw, jobs and how far they are, pictures.

database    one thread writes, anyone reads; exclusive: one server at a time;
            sqlite, postgres and trouble: what goes wrong, in words
schema      the tables; upgrade: bringing older ones up to date
people      organisations, users, keys; identity: what they are; parts: some of a long list
jobs        accepted requests, checkpoints, reservations; rows: what is known of them;
            job_writes, job_reads, console_reads: each change, and each question;
            idempotency: which key began which;
            denials: what was refused, and claims: the times that were stated then;
            facts: what is to be known again after a restart;
            purge: forgetting; audit: who changed what;
            readable: looking into what was asked for, where a row may be damaged
policies    every policy that was in force
blobs       the interface of pictures' places: a folder, or a bucket in s3
addresses   links to pictures that expire
"""
