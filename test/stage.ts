/** The stage that handlers see when tests run them in process; bundles get theirs from the synthesized stack. */
export const testStage = {
  name: 'test',
  accounts: {
    main: {
      dialect: 'orangex',
      url: 'http://127.0.0.1:1/api/v1',
      secretName: 'order-state-snapshots/test/main/exchange-key',
      minCheckSeconds: 10,
      maxCheckSeconds: 600,
    },
  },
} as const;
