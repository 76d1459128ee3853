namespace MoeActors.Compute.Passes;

/// <summary>What one pass says about its loss. Coefficients are not applied.</summary>
/// <param name="CrossEntropySum">Sum over the tokens of the next token's negative log probability, in nats.</param>
/// <param name="Tokens">Tokens summed over.</param>
/// <param name="BalanceLoss">Balance loss of the routing group, summed over the MoE layers; 0 in evaluation.</param>
/// <param name="RouterZLoss">Router z-loss of the routing group, summed over the MoE layers; 0 in evaluation or where its coefficient is 0.</param>
public sealed record LossParts(double CrossEntropySum, long Tokens, double BalanceLoss, double RouterZLoss);
