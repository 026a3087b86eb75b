/** What the app asks the browser for, and the service worker hears: to send what waits. */
export const PUSH_TAG = 'stockhand-push'
