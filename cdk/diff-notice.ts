// To standard error, so that standard output is the diff alone.
console.error(
  'cdk diff uploads the template to the bootstrap bucket and creates a change set; with -- --method=template it only compares.',
);
