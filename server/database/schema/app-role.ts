/** The role that the migrations make: it owns nothing and cannot bypass row-level security. */
export const APP_ROLE = 'stockhand_app'
