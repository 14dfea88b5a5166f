/** Each client knows its one endpoint: the commands' middleware would look for another one at each request. */
exports.getEndpointPlugin = () => ({ applyToStack: () => {} });
