//! What an author does: a new project builds, runs and tests itself; the same source gives the same bytes.
