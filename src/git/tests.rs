//! Git itself, on loopback: real repositories behind `git http-backend` and `sshd`.

mod author;
mod forges;
mod gitea;
mod https;
mod look;
mod mirrors;
mod paths;
mod push;
mod restore;
mod secrecy;
mod server;
mod signing;
mod ssh;
