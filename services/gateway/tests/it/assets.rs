//! Assets and webhooks over HTTP: the old paths and the new ones, from a request to the last hook.

mod new;
mod old;
mod support;
mod webhooks;
