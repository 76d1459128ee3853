namespace MoeActors.Compute.Specs;

/// <summary>An auxiliary loss that a model is trained with.</summary>
/// <param name="Name">Its name in the catalogue.</param>
/// <param name="Coefficient">What it is multiplied with.</param>
public sealed record LossSpec(string Name, double Coefficient);
