// The Chromium that journeys and measurements run in: the system's own, and quiet, so that nothing but the app uses the
// network or the processor.
export const CHROMIUM = {
  executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox', // as root, in containers
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
}
