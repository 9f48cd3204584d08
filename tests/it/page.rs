//! Pages as a browser without scripts uses them: every answer is a page or a redirect to one.

mod account;
mod admin;
mod cart;
mod checkout;
mod cost;
mod layout;
mod list;
mod notice;
mod refused;
mod reset;
mod safety;
mod site;
mod stock;
mod today;
mod user;
mod visitor;
