using MoeActors.Actors.Protocol;
using MoeActors.Compute.Models;
using MoeActors.Compute.Optimization;

using static TorchSharp.torch;

namespace MoeActors.Actors.Training;

/// <summary>The optimizer's pass over one unit, as decided.</summary>
internal static class UnitUpdate
{
    /// <summary>Applies <paramref name="decision"/>; a skipped step changes neither state nor step count.</summary>
    public static void Apply(UnitState unit, Tensor reduced, StepDecision decision, TrainingSpec training)
    {
        if (decision.Skip)
        {
            return;
        }

        unit.Steps.Advance();
        unit.Optimizer.Update(
            reduced,
            new AdamWStep(
                decision.LearningRate, training.Beta1, training.Beta2, training.Epsilon, training.WeightDecay, decision.GradientScale, unit.Steps[-1]),
            expert => unit.Steps[expert]);
    }
}
