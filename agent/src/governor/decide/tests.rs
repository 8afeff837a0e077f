mod always;
mod flapping;
mod modes;
mod order;
mod pc;
mod smart;
