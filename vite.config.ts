// The build of the client: root client/, output dist/client, with a service worker that precaches every file needed
// offline. The built index.html has no inline script or style, so that a CSP of script-src 'self' and style-src 'self'
// is enough.
import { preact } from '@preact/preset-vite'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { VitePWA } from 'vite-plugin-pwa'

const SERVER = 'http://localhost:3000'

// A larger file is left out of the precache and missing offline, and the build reports it. The limit fits the camera's
// wasm.
const PRECACHE_FILE_MAX_BYTES = 3_000_000

/** Modules of every page: Preact, the shell's components and words. */
function inBase(id: string): boolean {
  if (id.endsWith('auth-client.ts')) return false // it loads tRPC, with the first request
  return /node_modules\/(preact|@preact|preact-iso|lucide-preact\/dist\/esm\/(Icon|createLucideIcon|shared))|\/client\/(ui\/(controls\/(button|icon)|layout\/(app-frame|card|empty-state|sheet|open-sheets)|feedback\/(toast|skeleton|tag)|deferred|styles)|device\/storage\/(device-name|other-devices)|strings\/(strings|figures|en\/core)|session\/)/.test(
    id,
  )
}

/** Modules of the device: the part of the workspace chunk that other chunks share. */
function inWorkspace(id: string): boolean {
  return /node_modules\/(dexie|zod)|\/client\/device\/|\/shared\/(mutations|working-set|rows)\//.test(id)
}

export default defineConfig({
  root: 'client',
  publicDir: 'public',
  resolve: {
    alias: [
      { find: '#shared', replacement: fileURLToPath(new URL('./shared', import.meta.url)) },
      // Dexie's package entry is compiled for browsers of 2015. Its module for current ones is smaller, and unused parts of
      // it can be left out.
      { find: /^dexie$/, replacement: 'dexie/dist/modern/dexie.mjs' },
    ],
  },
  plugins: [
    preact(),
    VitePWA({
      strategies: 'injectManifest',
      srcDir: 'service-worker',
      filename: 'service-worker.ts',
      registerType: 'prompt',
      injectRegister: false, // the app registers it, so that it can ask before it updates
      manifest: {
        id: '/',
        name: 'Stockhand',
        short_name: 'Stockhand',
        description: 'Scan, receive, withdraw, move and count stock with or without a connection.',
        lang: 'en',
        start_url: '/',
        scope: '/',
        display: 'standalone',
        theme_color: '#f5f4f0',
        background_color: '#f5f4f0',
        categories: ['business', 'productivity'],
        icons: [
          { src: '/icons/icon-192.png', sizes: '192x192', type: 'image/png', purpose: 'any' },
          { src: '/icons/icon-512.png', sizes: '512x512', type: 'image/png', purpose: 'any' },
          { src: '/icons/maskable-192.png', sizes: '192x192', type: 'image/png', purpose: 'maskable' },
          { src: '/icons/maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
          { src: '/icons/mark.svg', sizes: 'any', type: 'image/svg+xml', purpose: 'any' },
        ],
        shortcuts: [
          {
            name: 'Scan',
            url: '/',
            icons: [{ src: '/icons/shortcut-scan-96.png', sizes: '96x96', type: 'image/png' }],
          },
          {
            name: 'Stock',
            url: '/stock',
            icons: [{ src: '/icons/shortcut-stock-96.png', sizes: '96x96', type: 'image/png' }],
          },
        ],
      },
      includeManifestIcons: false, // the globs already include them
      injectManifest: {
        globPatterns: ['**/*.{js,css,html,svg,png,ico,woff2,wasm}'],
        // Other scripts than Latin are loaded when a page uses them, and stay in the browser's cache.
        globIgnores: ['**/inter-{cyrillic,greek,vietnamese,latin-ext}*.woff2'],
        maximumFileSizeToCacheInBytes: PRECACHE_FILE_MAX_BYTES,
      },
    }),
  ],
  build: {
    outDir: '../dist/client',
    emptyOutDir: true,
    target: 'es2022',
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // What every page needs, and what a signed-in person's first screen needs: one chunk each compresses better.
            { name: 'base', test: inBase },
            { name: 'workspace', test: inWorkspace },
          ],
        },
      },
    },
    assetsInlineLimit: 0, // data: URLs would need a wider CSP
    sourcemap: 'hidden',
  },
  server: { proxy: { '/trpc': { target: SERVER, ws: true } } },
  preview: { proxy: { '/trpc': { target: SERVER, ws: true } } },
})
