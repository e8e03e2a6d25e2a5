/*! parcel-of-nothing v1.0.0 */
window.parcel = {};
