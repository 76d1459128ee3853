namespace MoeActors.Compute.Passes;

/// <summary>What one pass says about its loss. Coefficients are not applied.</summary>
/// <param name="CrossEntropySum">Sum over the tokens of the next token's negative log probability, in nats.</param>
/// <param name="Tokens">Tokens summed over.</param>
/// <param name="Auxiliary">Auxiliary losses of the routing group by name, summed over the MoE layers; empty in evaluation, and without those that are not computed.</param>
public sealed record LossParts(double CrossEntropySum, long Tokens, IReadOnlyDictionary<string, double> Auxiliary);
