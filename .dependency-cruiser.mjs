// The import rules of docs/architecture.md, by their numbers. tests/gate plants one violation of each.

const TESTS = ['[.]test[.]tsx?$', '^tests/', '^bench/']
const npm = (name) => `(^|/)node_modules/(@types/)?${name}/`

/** The folders of shared/. Each may import only the ones after it. */
const SHARED_DOWNWARDS = ['protocol', 'mutations', 'working-set', 'rows', 'values']
const DOMAIN_MODULES = '(ledger|feed|accounts|alerts|reports|backups|imports|jobs)'
const CALLERS_OF_LEDGER = '(accounts|alerts|imports|jobs)'

/** What each folder of client/ may import of client/, besides itself. The shell (app/) may import all of them. */
const CLIENT_IMPORTS = {
  screens: 'components|domain|context|device|scanner|session|api|ui|strings',
  components: 'domain|context|device|scanner|session|api|ui|strings',
  context: 'domain|device|scanner|session|api|ui|strings',
  domain: 'device|scanner|session|strings',
  sync: 'device|strings',
  'service-worker': 'sync|device|strings',
  ui: 'strings',
  api: 'session',
  session: 'api',
  scanner: 'strings',
  device: 'device',
  strings: 'strings',
}

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
    ...SHARED_DOWNWARDS.slice(1).map((folder, index) => ({
      name: `1-shared-${folder}-imports-downwards`,
      comment: 'protocol → mutations → working-set → rows → values, never back.',
      from: { path: `^shared/${folder}/`, pathNot: TESTS },
      to: { path: `^shared/(${SHARED_DOWNWARDS.slice(0, index + 1).join('|')})/` },
    })),
    {
      name: '2-client-imports-one-server-type',
      comment: 'From server/, the client imports only the type AppRouter of server/api/app-router.ts.',
      from: { path: '^client/', pathNot: TESTS },
      to: { path: '^server/', pathNot: '^server/api/app-router[.]ts$' },
    },
    {
      name: '2-client-runs-no-server-code',
      comment: 'AppRouter is a type: import it with `import type`, or the server ends up in the bundle.',
      from: { path: '^client/', pathNot: TESTS },
      to: { path: '^server/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: '2-client-runs-in-a-browser',
      comment: 'Browsers do not have the modules of Node.',
      from: { path: '^client/', pathNot: TESTS },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: '2-server-without-client',
      comment: 'server/ serves the built client. It does not import its source.',
      from: { path: '^server/', pathNot: TESTS },
      to: { path: '^client/' },
    },
    ...Object.entries(CLIENT_IMPORTS).map(([folder, allowed]) => ({
      name: `3-${folder}-imports`,
      comment: `Of client/, ${folder}/ imports itself and ${allowed.replaceAll('|', ', ')}.`,
      from: { path: `^client/${folder}/`, pathNot: TESTS },
      to: { path: '^client/', pathNot: `^client/(${folder}|${allowed})/` },
    })),
    {
      name: '3-screens-are-separate',
      comment: 'A screen imports its own folder and no other screen.',
      from: { path: '^client/screens/([^/]+)/', pathNot: TESTS },
      to: { path: '^client/screens/', pathNot: '^client/screens/$1/' },
    },
    {
      name: '3-domain-without-preact',
      comment: 'Screen logic that can be tested without a browser does not import Preact.',
      from: { path: '^client/domain/', pathNot: TESTS },
      to: { path: npm('(preact|@preact/signals)') },
    },
    {
      name: '3-ui-without-business',
      comment: 'The design system draws what it is given. It does not know items, stock or the server.',
      from: { path: '^client/ui/', pathNot: TESTS },
      to: { path: '^(shared|server)/' },
    },
    {
      name: '3-dexie-in-device-only',
      comment: 'Only device/ reads and writes IndexedDB.',
      from: { pathNot: ['^client/device/', ...TESTS] },
      to: { path: npm('dexie') },
    },
    {
      name: '3-trpc-client-in-three-folders',
      comment: 'Only api/, session/ and sync/ call the server.',
      from: { pathNot: ['^client/(api|session|sync)/', ...TESTS] },
      to: { path: npm('@trpc/client') },
    },
    {
      name: '4-api-delegates',
      comment: 'api/ parses, authorises and delegates: only domain modules use the database. Types may be imported.',
      from: { path: '^server/api/', pathNot: TESTS },
      to: { path: '^server/database/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: '4-modules-import-downwards',
      comment: 'api → the domain modules → database.',
      from: { path: `^server/(${DOMAIN_MODULES}|database)/`, pathNot: TESTS },
      to: { path: '^server/(api|http)/' },
    },
    {
      name: '4-database-without-domain',
      comment: 'api → the domain modules → database.',
      from: { path: '^server/database/', pathNot: TESTS },
      to: { path: `^server/${DOMAIN_MODULES}/` },
    },
    {
      name: '4-modules-are-separate',
      comment: 'Domain modules communicate through events/ or a function that main.ts passes in.',
      from: { path: `^server/${DOMAIN_MODULES}/`, pathNot: TESTS },
      to: { path: `^server/${DOMAIN_MODULES}/`, pathNot: ['^server/$1/', '^server/ledger/'] },
    },
    {
      name: '4-ledger-has-few-callers',
      comment: 'Only accounts, alerts, imports and jobs may write synced rows, through ledger/.',
      from: { path: `^server/${DOMAIN_MODULES}/`, pathNot: [`^server/(ledger|${CALLERS_OF_LEDGER})/`, ...TESTS] },
      to: { path: '^server/ledger/' },
    },
    {
      name: '4-main-is-for-commands',
      comment: 'main.ts wires the parts and passes them in. Only commands/ start it.',
      from: { pathNot: ['^server/commands/', ...TESTS] },
      to: { path: '^server/main[.]ts$' },
    },
    {
      name: '4-commands-are-programs',
      comment: 'A command is started by npm, the image or a test. No module imports it.',
      from: { path: '^(server|shared|client)/', pathNot: ['^server/commands/', ...TESTS] },
      to: { path: '^server/commands/' },
    },
    {
      name: '4-events-are-plain',
      comment: 'events/ describes what modules tell each other. It imports only shared/.',
      from: { path: '^server/events/', pathNot: TESTS },
      to: { path: '^server/', pathNot: '^server/events/' },
    },
    {
      name: '4-metrics-are-passed-in',
      comment: 'Domain modules count through functions that main.ts passes in.',
      from: { path: `^server/(${DOMAIN_MODULES}|bus|database)/`, pathNot: TESTS },
      to: { path: '^server/metrics/' },
    },
    ...Object.entries({ ioredis: 'bus', ws: 'feed', postgres: 'database', 'prom-client': 'metrics' }).map(
      ([name, folder]) => ({
        name: `5-${name}-in-${folder}-only`,
        comment: `Only server/${folder}/ imports ${name}.`,
        from: { pathNot: [`^server/${folder}/`, ...TESTS] },
        to: { path: npm(name) },
      }),
    ),
    {
      name: '6-no-barrels',
      comment: 'A file is named for its main export. The name index says nothing.',
      from: {},
      to: { path: '(^|/)index[.][mc]?[jt]sx?$', pathNot: '(^|/)node_modules/' },
    },
    {
      name: '6-shared-by-its-alias',
      comment: 'Outside shared/, import it as #shared/….',
      from: { pathNot: '^shared/' },
      to: { path: '^shared/', dependencyTypesNot: ['aliased'] },
    },
    {
      name: '6-one-alias',
      comment: '#shared/ is the only alias. All other imports are relative.',
      from: {},
      to: { dependencyTypes: ['aliased'], pathNot: '^shared/' },
    },
    {
      name: 'no-circles',
      comment: 'Modules that import each other are one module, or lack a third.',
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
      comment: 'An import that does not resolve would escape every other rule.',
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
