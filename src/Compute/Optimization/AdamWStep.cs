namespace MoeActors.Compute.Optimization;

/// <summary>What one AdamW update needs besides the state.</summary>
/// <param name="LearningRate">η of this step, from <see cref="Schedule"/>.</param>
/// <param name="Beta1">β1.</param>
/// <param name="Beta2">β2.</param>
/// <param name="Epsilon">ε, added outside the root.</param>
/// <param name="WeightDecay">λ, decoupled.</param>
/// <param name="GradientScale">Factor on the gradient, from <see cref="Clipping"/>; 1 = none.</param>
/// <param name="Step">Updates including this one, from 1: bias correction.</param>
public sealed record AdamWStep(double LearningRate, double Beta1, double Beta2, double Epsilon, double WeightDecay, double GradientScale, long Step);
