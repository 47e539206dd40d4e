import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/**
 * Who may import whom (docs/adr/0002-levels.md). Lower levels never see higher ones; pure levels never see Node,
 * a clock or randomness. A library may import the libraries listed for it, and nothing else of ours.
 */
const libraries = {
  contracts: { pure: true, may: [] },
  ipam: { pure: true, may: ['contracts'] },
  topology: { pure: true, may: ['contracts', 'ipam'] },
  planner: { pure: true, may: ['contracts', 'ipam', 'topology'] },
  'wireguard/src/core': { pure: true, may: ['contracts', 'ipam'] },
  'event-store/src/core': { pure: true, may: ['contracts'] },
  'event-store': { pure: false, may: ['contracts', 'event-store'] },
  wireguard: { pure: false, may: ['contracts', 'ipam', 'wireguard'] },
  messaging: { pure: false, may: ['contracts', 'ipam', 'topology', 'planner', 'event-store'] },
  service: { pure: false, may: ['contracts', 'topology', 'event-store', 'messaging'] },
};
const all = ['contracts', 'event-store', 'topology', 'planner', 'ipam', 'wireguard', 'messaging', 'service'];
const nodeModules = {
  regex: '^node:|^(fs|path|crypto|os|net|child_process|events|util)$',
  message: 'pure levels import no Node module',
};
const nest = { regex: '^@nestjs/', message: 'only apps import NestJS' };
const nats = { regex: '^@nats-io/', message: 'only libs/messaging imports the NATS client' };
const apps = { regex: 'apps/', message: 'libraries never import an app' };
const clocks = [
  { selector: "MemberExpression[object.name='Date'][property.name='now']", message: 'time comes in with the command' },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'time comes in with the command' },
  {
    selector: "MemberExpression[object.name='Math'][property.name='random']",
    message: 'randomness comes in with the command',
  },
];

const restricted = (patterns) => ({ 'no-restricted-imports': ['error', { patterns }] });

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.tombolo/', 'coverage/'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        fetch: 'readonly',
        AbortSignal: 'readonly',
        performance: 'readonly',
      },
    },
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      eqeqeq: 'error',
      'max-lines': ['error', { max: 500 }],
      'max-params': ['error', 4],
    },
  },
  {
    // Nest reads the classes of parameters at run time, so an import of one is no import of a type alone.
    files: ['apps/**/*.ts'],
    languageOptions: { parserOptions: { emitDecoratorMetadata: true, experimentalDecorators: true } },
  },
  { files: ['apps/**/*.ts'], ignores: ['**/*.spec.ts'], rules: restricted([nats]) },
  ...Object.keys(libraries).map((name) => {
    const { pure, may } = libraries[name];
    const others = all.filter((other) => !may.includes(other) && other !== name.split('/')[0]);
    const patterns = [nest, apps];
    if (others.length)
      patterns.push({
        regex: `^#(${others.join('|')})/`,
        message: `libs/${name} may import only: ${may.join(', ') || 'nothing of ours'}`,
      });
    if (name !== 'messaging') patterns.push(nats);
    if (pure)
      patterns.push(nodeModules, { regex: '/(linux|postgres)/', message: 'a pure core never imports an adapter' });
    return {
      files: [`libs/${name}/**/*.ts`],
      ignores: ['**/*.spec.ts'],
      rules: { ...restricted(patterns), ...(pure ? { 'no-restricted-syntax': ['error', ...clocks] } : {}) },
    };
  }),
  // The core rows must win over the row of the library that holds them.
  ...['event-store/src/core', 'wireguard/src/core'].map((name) => ({
    files: [`libs/${name}/**/*.ts`],
    ignores: ['**/*.spec.ts'],
    rules: {
      ...restricted([
        nest,
        apps,
        nats,
        nodeModules,
        { regex: '/(linux|postgres)/', message: 'a pure core never imports an adapter' },
        {
          regex: `^#(${all.filter((other) => !libraries[name].may.includes(other) && other !== name.split('/')[0]).join('|')})/`,
          message: `libs/${name} may import only: ${libraries[name].may.join(', ')}`,
        },
      ]),
      'no-restricted-syntax': ['error', ...clocks],
    },
  })),
);
