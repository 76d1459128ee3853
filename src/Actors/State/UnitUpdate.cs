using MoeActors.Actors.Protocol;
using MoeActors.Compute.Optimization;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

using static TorchSharp.torch;

namespace MoeActors.Actors.State;

/// <summary>The optimizer's pass over one unit, or over the copy of one, as decided.</summary>
internal static class UnitUpdate
{
    /// <summary>
    /// Applies <paramref name="decided"/> with the gradient the unit keeps; a skipped step changes no state and counts no optimizer step. ST-1: a unit is never updated twice,
    /// and one whose update fails in the middle is torn (step -1): the recovery ladder decides what takes its place.
    /// </summary>
    /// <param name="unit">The unit.</param>
    /// <param name="decided">The decision.</param>
    /// <param name="training">Constants of AdamW.</param>
    /// <param name="updating">Told in the middle of it; what it throws tears the unit. Null when nobody asks.</param>
    public static void Apply(UnitState unit, DecidedUpdate decided, TrainingSpec training, Action<UnitId, long>? updating = null)
    {
        InPlace(unit, decided, () =>
        {
            updating?.Invoke(unit.Id, decided.Step);
            try
            {
                Pass(unit.Optimizer, unit.Steps, unit.Reduced!, decided, training);
            }
            catch (StateAlteredException e) when (unit.Tampered.Length > 0)
            {
                throw unit.Altered(e.What);
            }
        });
        unit.Guard.Updated(unit, decided.Skip);
    }

    /// <summary>ST-1 of an update in place, whatever the arithmetic: of no step from its first write to its last, of the next one afterwards, and never again.</summary>
    public static void InPlace(IHeldUnit unit, DecidedUpdate decided, Action pass)
    {
        if (unit.Step != decided.Step || !unit.HasGradient)
        {
            throw new InvalidOperationException($"ST-1: unit {unit.Id} of step {unit.Step}{(unit.HasGradient ? "" : " without its gradient")} cannot take the update of step {decided.Step}");
        }

        unit.IsAt(-1);
        pass();
        unit.IsAt(decided.Step + 1);
        unit.DropReduced();
    }

    /// <summary>The arithmetic alone.</summary>
    public static void Pass(OptimizerShard state, UnitSteps steps, Tensor reduced, DecidedUpdate decided, TrainingSpec training)
    {
        if (decided.Skip)
        {
            return;
        }

        steps.Advance();
        state.Update(
            reduced,
            new AdamWStep(decided.LearningRate, training.Beta1, training.Beta2, training.Epsilon, training.WeightDecay, decided.GradientScale, steps[-1]),
            expert => steps[expert],
            decided.Load);
    }
}
