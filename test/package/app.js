import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { createApp } from 'order-state-snapshots/app';
import { resolveStage } from 'order-state-snapshots/stages';

const stage = resolveStage('desk', {
  accounts: { main: { dialect: 'orangex' }, hedge: { dialect: 'deribit' } },
  protect: true,
  logRetention: RetentionDays.ONE_YEAR,
  throttle: { rate: 50, burst: 100 },
  tags: { team: 'desk' },
});
createApp({ stage }).synth();
