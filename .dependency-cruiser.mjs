// Who may import whom: the rules of docs/architecture.md by their numbers. tests/gate breaks each once.

const TESTS = ['[.]test[.]tsx?$', '^tests/', '^bench/']
const npm = (name) => `(^|/)node_modules/(@types/)?${name}/`

/** The rooms of shared/, each of which may only look down. */
const SHARED_DOWNWARDS = ['protocol', 'mutations', 'book', 'rows', 'values']
const DOMAIN_ROOMS = '(ledger|feed|accounts|alerts|reports|backups|imports|jobs)'
const CALLERS_OF_LEDGER = '(accounts|alerts|imports|jobs)'

/** Without a severity a rule only warns, and the gate stays open. */
const rules = (list) => list.map((rule) => ({ severity: 'error', ...rule }))

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: rules([
    {
      name: '1-shared-imports-zod-only',
      comment: 'shared/ runs in browsers, workers and servers alike: it imports itself and zod.',
      from: { path: '^shared/', pathNot: TESTS },
      to: { pathNot: ['^shared/', npm('zod')] },
    },
    ...SHARED_DOWNWARDS.slice(1).map((room, index) => ({
      name: `1-shared-${room}-looks-down`,
      comment: 'protocol → mutations → book → rows → values, never back.',
      from: { path: `^shared/${room}/`, pathNot: TESTS },
      to: { path: `^shared/(${SHARED_DOWNWARDS.slice(0, index + 1).join('|')})/` },
    })),
    {
      name: '2-client-takes-a-type-of-the-server',
      comment: 'Of server/ a device knows the type AppRouter, in server/api/app-router.ts.',
      from: { path: '^client/', pathNot: TESTS },
      to: { path: '^server/', pathNot: '^server/api/app-router[.]ts$' },
    },
    {
      name: '2-client-runs-nothing-of-the-server',
      comment: 'AppRouter is a type: import it with `import type`, or the server ends up in the bundle.',
      from: { path: '^client/', pathNot: TESTS },
      to: { path: '^server/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: '2-client-runs-in-a-browser',
      comment: 'A browser has no modules of Node.',
      from: { path: '^client/', pathNot: TESTS },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: '2-server-knows-no-client',
      comment: 'server/ serves what was built of client/, and imports none of it.',
      from: { path: '^server/', pathNot: TESTS },
      to: { path: '^client/' },
    },
    {
      name: '3-screens-look-down',
      comment:
        'A screen imports parts, ui, device, remote, scanner, strings, app/session and its own folder; no other screen.',
      from: { path: '^client/screens/([^/]+)/', pathNot: TESTS },
      to: {
        path: '^client/',
        pathNot: ['^client/(parts|ui|device|remote|scanner|strings)/', '^client/app/session', '^client/screens/$1/'],
      },
    },
    {
      name: '3-parts-look-down',
      comment: 'parts/ is what several screens are made of: it knows no screen, no route and no sync.',
      from: { path: '^client/parts/', pathNot: TESTS },
      to: {
        path: '^client/',
        pathNot: ['^client/(parts|ui|device|remote|scanner|strings)/', '^client/app/session'],
      },
    },
    {
      name: '3-sync-and-service-worker-on-device',
      comment: 'service-worker → sync → device: they know of no screen and no shell.',
      from: { path: '^client/(sync|service-worker)/', pathNot: TESTS },
      to: { path: '^client/', pathNot: ['^client/$1/', '^client/(device|strings)/', '^client/sync/'] },
    },
    {
      name: '3-ui-knows-no-business',
      comment: 'The design system draws what it is given.',
      from: { path: '^client/ui/', pathNot: TESTS },
      to: { path: '^(client|shared|server)/', pathNot: '^client/(ui|strings)/' },
    },
    {
      name: '3-dexie-in-device-only',
      comment: 'device/ owns what is kept on the device.',
      from: { pathNot: ['^client/device/', ...TESTS] },
      to: { path: npm('dexie') },
    },
    {
      name: '3-trpc-client-behind-three-doors',
      comment: 'sync/, remote/ and app/session talk to the server, nobody else.',
      from: { pathNot: ['^client/(sync|remote)/', '^client/app/session', ...TESTS] },
      to: { path: npm('@trpc/client') },
    },
    {
      name: '4-api-delegates',
      comment: 'api/ parses, authorises and delegates: the database is the domain rooms’ business. Types may pass.',
      from: { path: '^server/api/', pathNot: TESTS },
      to: { path: '^server/database/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: '4-rooms-do-not-look-up',
      comment: 'api → the domain rooms → database.',
      from: { path: `^server/(${DOMAIN_ROOMS}|database)/`, pathNot: TESTS },
      to: { path: '^server/(api|http)/' },
    },
    {
      name: '4-database-knows-no-domain',
      comment: 'api → the domain rooms → database.',
      from: { path: '^server/database/', pathNot: TESTS },
      to: { path: `^server/${DOMAIN_ROOMS}/` },
    },
    {
      name: '4-rooms-do-not-mix',
      comment: 'What one room tells another is a function handed in by main.ts.',
      from: { path: `^server/${DOMAIN_ROOMS}/`, pathNot: TESTS },
      to: { path: `^server/${DOMAIN_ROOMS}/`, pathNot: ['^server/$1/', '^server/ledger/'] },
    },
    {
      name: '4-ledger-has-few-callers',
      comment: 'accounts, alerts, imports and jobs may write synced rows, through the one door.',
      from: { path: `^server/${DOMAIN_ROOMS}/`, pathNot: [`^server/(ledger|${CALLERS_OF_LEDGER})/`, ...TESTS] },
      to: { path: '^server/ledger/' },
    },
    {
      name: '4-main-is-only-started',
      comment: 'main.ts wires the parts; whoever needs one of them is handed it.',
      from: { pathNot: ['^server/start[.]ts$', '^scripts/', ...TESTS] },
      to: { path: '^server/main[.]ts$' },
    },
    {
      name: '4-counting-is-handed-in',
      comment: 'What the rooms do is counted by functions that main.ts hands in; they know nothing of metrics.',
      from: { path: `^server/(${DOMAIN_ROOMS}|bus|database)/`, pathNot: TESTS },
      to: { path: '^server/metrics/' },
    },
    ...Object.entries({ ioredis: 'bus', ws: 'feed', postgres: 'database', 'prom-client': 'metrics' }).map(
      ([name, room]) => ({
        name: `5-${name}-in-${room}-only`,
        comment: `Only server/${room}/ imports ${name}.`,
        from: { pathNot: [`^server/${room}/`, ...TESTS] },
        to: { path: npm(name) },
      }),
    ),
    {
      name: '6-no-barrels',
      comment: 'A file is named for what it exports; an index names nothing.',
      from: {},
      to: { path: '(^|/)index[.][mc]?[jt]sx?$', pathNot: '(^|/)node_modules/' },
    },
    {
      name: '6-shared-by-its-alias',
      comment: 'From outside, shared/ is #shared/….',
      from: { pathNot: '^shared/' },
      to: { path: '^shared/', dependencyTypesNot: ['aliased'] },
    },
    {
      name: '6-one-alias',
      comment: 'Besides #shared/ every import of ours says where it goes.',
      from: {},
      to: { dependencyTypes: ['aliased'], pathNot: '^shared/' },
    },
    {
      name: 'no-circles',
      comment: 'Modules that need each other are one module, or hide a third.',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-dev-packages-at-run-time',
      comment: 'The image has no devDependencies.',
      from: { path: '^(server|shared|functions)/', pathNot: TESTS },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-unresolved',
      comment: 'An import that leads nowhere escapes every other rule.',
      from: {},
      to: { couldNotResolve: true, pathNot: '^virtual:' },
    },
  ]),
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|node_modules/[.])' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.css'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
}
