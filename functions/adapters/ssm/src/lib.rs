//! SSM.
