//! Pure judge of authority: manifest, graph, grants, admission, delivery.
