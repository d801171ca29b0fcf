//! Door 2: the local cloud over HTTP.
