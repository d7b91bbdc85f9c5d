/** Run in a process of its own, because Node reads NODE_EXTRA_CA_CERTS when it starts. */
import { GetFunctionCommand } from '@aws-sdk/client-lambda';
import { createClients } from '../../src/aws/clients.ts';
import { awsError } from '../../src/aws/errors.ts';

try {
  const clients = createClients({ region: 'eu-west-1' });
  for (let i = 0; i < 3; i++) await clients.lambda.send(new GetFunctionCommand({ FunctionName: 'warm' }));
  clients.close();
  console.log('answered');
} catch (error) {
  const { code, message } = awsError(error, { action: 'lambda:GetFunction', resource: '*' });
  console.log(`${code} ${message}`);
}
