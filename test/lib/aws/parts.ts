import {
  ConditionalCheckFailedException,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import * as clients from '../../../lib/aws/clients.ts';

/** The clients, and all that is sent with them. */
export const clientParts = {
  ...clients,
  ConditionalCheckFailedException,
  GetItemCommand,
  GetSecretValueCommand,
  PutEventsCommand,
  PutItemCommand,
  QueryCommand,
  SendMessageCommand,
  UpdateItemCommand,
};
