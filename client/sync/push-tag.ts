/** The Background Sync tag under which the app asks the service worker to push. */
export const PUSH_TAG = 'stockhand-push'
