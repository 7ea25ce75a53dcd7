//! The rules of gearmand, one test for each fact.

mod assignment;
mod bad_packets;
mod coalescing;
mod commands;
mod disconnecting;
mod leaving;
mod news;
mod properties;
mod refusals;
mod sleep;
mod status;
mod time;
mod world;
