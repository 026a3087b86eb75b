/** The role that the migrations create. It does not own anything and cannot bypass row-level security. */
export const APP_ROLE = 'stockhand_app'
