using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.Replication;
using MoeActors.Actors.State;
using MoeActors.Actors.Tests.Cluster;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using static TorchSharp.torch;

namespace MoeActors.Actors.Tests.Training;

/// <summary>ST-1 on one unit: rolled forward once, never twice, torn when it fails in the middle; and its copy is the unit itself, bit for bit.</summary>
public sealed class RollForwardTests
{
    private static readonly DecidedUpdate Third = new(3, false, 0.7, 1e-2), Skipped = new(3, true, 0, 1e-2);

    [Fact]
    public void A_unit_that_missed_the_decision_becomes_what_one_that_heard_it_is_and_is_not_updated_again()
    {
        using DeviceStore heard = Store(), missed = Store();
        foreach ((UnitState a, UnitState b) in heard.Units.Zip(missed.Units))
        {
            UnitUpdate.Apply(a, Third, heard.Spec.Training);
            Assert.True(RollForward.To(b, 4, Third, missed.Spec.Training));
            Assert.True(RollForward.To(b, 4, Third, missed.Spec.Training));
            Same(a.Optimizer, b.Optimizer);
            Assert.Equal((4L, 1L, null), (b.Step, b.Steps[-1], b.Reduced));
        }
    }

    [Fact]
    public void A_skipped_step_is_counted_and_changes_nothing()
    {
        using DeviceStore skipped = Store(), untouched = Store();
        UnitState unit = skipped.Units.First(), other = untouched.Units.First();
        Assert.True(RollForward.To(unit, 4, Skipped, skipped.Spec.Training));
        Same(unit.Optimizer, other.Optimizer);
        Assert.Equal(0, unit.Steps[-1]);
    }

    [Fact]
    public void Without_the_gradient_or_the_decision_of_that_very_step_nothing_is_rolled()
    {
        using DeviceStore store = Store();
        UnitState unit = store.Units.First();
        Assert.False(RollForward.To(unit, 4, null, store.Spec.Training));
        Assert.False(RollForward.To(unit, 5, Third, store.Spec.Training));
        Assert.False(RollForward.To(unit, 3 + 2, Third with { Step = 4 }, store.Spec.Training));
        unit.DropReduced();
        Assert.False(RollForward.To(unit, 4, Third, store.Spec.Training));
        Assert.Equal(3, unit.Step);
        Assert.Throws<InvalidOperationException>(() => UnitUpdate.Apply(unit, Third, store.Spec.Training));
    }

    [Fact]
    public void An_update_that_fails_in_the_middle_leaves_a_torn_unit_that_nothing_rolls()
    {
        using DeviceStore store = Store();
        UnitState unit = store.Units.First();
        Assert.Throws<InvalidOperationException>(() => UnitUpdate.Apply(unit, Third, store.Spec.Training, (_, _) => throw new InvalidOperationException("torn")));
        Assert.Equal((-1L, -1L), (unit.Step, unit.Ranges[unit.Id.Index]));
        Assert.False(RollForward.To(unit, 4, Third, store.Spec.Training));
    }

    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.BFloat16)]
    public void A_copy_that_takes_the_gradients_is_the_unit_itself(Precision precision)
    {
        using DeviceStore store = Store(precision);
        using var copies = new PeerCopies(reason => Assert.Fail(reason));
        copies.Want(store, store.Units.Select(u => u.Ordinal));
        foreach (UnitState unit in store.Units)
        {
            PeerCopy copy = copies.Find(unit.Ordinal)!;
            copy.State.Master.copy_(unit.Optimizer.Master);
            copy.State.First.copy_(unit.Optimizer.First);
            copy.State.Second.copy_(unit.Optimizer.Second);
            Assert.True(copy.Steps.Unpack(unit.Steps.Pack()));
            copy.Step = 3;
        }

        foreach (DecidedUpdate decided in new[] { Third, new(4, true, 0, 1e-2), new(5, false, 1, 2e-2) })
        {
            Assert.False(copies.Cover(decided.Step));
            foreach (UnitState unit in store.Units)
            {
                if (unit.Reduced is null)
                {
                    unit.Keep(Gradient(unit, decided.Step));
                }

                Assert.True(copies.Add(unit.Ordinal, decided.Step, unit.Count == 0 ? null : unit.Reduced!.clone().DetachFromDisposeScope()));
            }

            Assert.True(copies.Cover(decided.Step));
            copies.Apply(decided, store.Spec.Training);
            foreach (UnitState unit in store.Units)
            {
                UnitUpdate.Apply(unit, decided, store.Spec.Training);
            }
        }

        copies.Drain();
        Assert.All(store.Units, unit =>
        {
            PeerCopy copy = copies.Find(unit.Ordinal)!;
            Assert.Equal((unit.Step, unit.Steps[-1]), (copy.Step, copy.Steps[-1]));
            Same(unit.Optimizer, copy.State);
        });
    }

    [Fact]
    public void A_copy_takes_no_gradient_of_another_step_or_shape_and_one_whose_update_fails_counts_as_missing()
    {
        using DeviceStore store = Store();
        UnitState unit = store.Units.First(u => u.Count > 0);
        string? failed = null;
        using var copies = new PeerCopies(reason => failed = reason);
        copies.Want(store, [unit.Ordinal]);
        PeerCopy copy = copies.Find(unit.Ordinal)!;
        copy.Step = 3;
        Assert.False(copies.Add(unit.Ordinal, 4, Gradient(unit, 4)));
        Assert.False(copies.Add(unit.Ordinal, 3, zeros(1).DetachFromDisposeScope()));
        Assert.False(copies.Add(unit.Ordinal + 1, 3, Gradient(unit, 3)));
        Assert.True(copies.Add(unit.Ordinal, 3, Gradient(unit, 3)));

        // A beta out of this world is no failure of the arithmetic; a state that is gone is.
        copy.State.Dispose();
        copies.Apply(Third, store.Spec.Training);
        copies.Drain();
        Assert.Contains($"{unit.Id}", failed, StringComparison.Ordinal);
        Assert.Equal([copy], copies.Missing(4));
        Assert.Equal(-1, copy.Step);
    }

    /// <summary>A node's state of step 3 in which every unit keeps its reduced gradient; the same each time.</summary>
    private static DeviceStore Store(Precision precision = Precision.Float32)
    {
        RunSpec spec = Specs.Run();
        var store = new DeviceStore(spec with { Training = spec.Training with { Precision = precision } }, CPU);
        store.Hold([0, 1]);
        UnitRestore.FromSeed(store);
        store.IsAt(3);
        foreach (UnitState unit in store.Units)
        {
            unit.Keep(Gradient(unit, 3));
        }

        return store;
    }

    private static Tensor Gradient(UnitState unit, long step) => Arithmetic.Range(unit.Count, ScalarType.Float32).TimesInPlace(1e-3f).PlusInPlace(step + unit.Ordinal).sin_().DetachFromDisposeScope();

    private static void Same(Compute.Optimization.OptimizerShard a, Compute.Optimization.OptimizerShard b)
    {
        Assert.True(a.Master.bytes.SequenceEqual(b.Master.bytes), "master");
        Assert.True(a.First.bytes.SequenceEqual(b.First.bytes), "m");
        Assert.True(a.Second.bytes.SequenceEqual(b.Second.bytes), "v");
    }
}
