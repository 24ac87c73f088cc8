//! A build to request bodies, prompt and bundle.
