using MoeActors.Actors.Protocol;
using MoeActors.Actors.Replication;
using MoeActors.Actors.State;
using MoeActors.Actors.Tests.Cluster;
using MoeActors.Actors.Training;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Training;

/// <summary>What a device holds, says, brings to a recovery point, lacks and hands on: by step alone, whatever the tensors.</summary>
public sealed class RecoveryBooksTests
{
    private static readonly RunSpec Spec = Specs.Run() with { Recovery = new RecoverySpec() };
    private static readonly UnitOrder Order = new(Spec.Model, Spec.Layout);
    private static readonly DecidedUpdate Third = new(3, false, 1, 1e-3);

    [Fact]
    public void A_unit_that_moves_stays_until_the_step_after_and_comes_back_where_the_epoch_came_to_nothing()
    {
        HeldUnits<Held> units = Units([0, 1]);
        Held moves = units.Find(1)!;
        units.Hold([0], [1]);
        Assert.Equal([moves], units.Leaving);
        Assert.Same(moves, units.Find(1));
        units.Hold([0, 1], []);
        Assert.Same(moves, units.Find(1));
        Assert.Empty(units.Leaving);
        units.Hold([0], [1]);
        units.Settle();
        Assert.Null(units.Find(1));
        Assert.True(moves.IsFree);
    }

    [Fact]
    public void A_unit_that_nobody_comes_for_is_freed_and_one_that_comes_anew_is_of_no_step()
    {
        HeldUnits<Held> units = Units([0, 1]);
        Held gone = units.Find(1)!;
        gone.IsAt(3);
        units.Hold([0], null);
        Assert.True(gone.IsFree);
        units.Hold([0, 1], null);
        Assert.Equal(-1, units.Find(1)!.Step);
    }

    [Fact]
    public void What_the_epoch_counts_on_is_rolled_forward_and_what_it_takes_from_elsewhere_is_left_alone()
    {
        HeldUnits<Held> units = Units([0, 1]);
        foreach (Held unit in units.Units)
        {
            unit.IsAt(3);
            unit.HasGradient = true;
        }

        units.Find(1)!.IsAt(-1);
        PrepareEpoch m = Prepare(4, [.. units.Units.Select(u => new UnitSource(u.Ordinal, RestoreRung.Live, u.Ordinal == 1 ? 1 : 0))]);
        (bool live, DamagedState? lost) = OwnState.Bring(m, 0, units.Units, Rolls(m));
        Assert.Null(lost);
        Assert.False(live);
        Assert.All(units.Units, u => Assert.Equal((u.Ordinal == 1 ? -1L : 4L, false), (u.Step, u.HasGradient)));
    }

    [Fact]
    public void Where_what_the_epoch_counts_on_is_lost_the_others_keep_their_gradients_for_the_next()
    {
        HeldUnits<Held> units = Units([0, 1]);
        foreach (Held unit in units.Units)
        {
            unit.IsAt(unit.Ordinal == 1 ? 2 : 3);
            unit.HasGradient = true;
        }

        PrepareEpoch m = Prepare(4, [.. units.Units.Select(u => new UnitSource(u.Ordinal, RestoreRung.Live, 0))]);
        (_, DamagedState? lost) = OwnState.Bring(m, 0, [.. units.Units.OrderByDescending(u => u.Ordinal)], Rolls(m));
        Assert.Equal((RestoreRung.Live, 4L), (lost!.Rung, lost.Step));
        Assert.True(units.Find(0)!.HasGradient);
    }

    [Fact]
    public void A_copy_takes_gradients_of_its_step_waits_with_one_while_its_state_is_on_the_way_and_covers_when_both_are_here()
    {
        var book = new ReplicaSet<Held>();
        book.Want([0, 1], o => new Held(Order.Units[o], o));
        book.Find(0)!.IsAt(3);
        Assert.Null(book.Takes(0, 4));
        Assert.Null(book.Takes(2, 3));
        Assert.Same(book.Find(0), book.Takes(0, 3));
        Assert.Same(book.Find(1), book.Takes(1, 3));
        book.Find(0)!.HasGradient = book.Find(1)!.HasGradient = true;
        Assert.False(book.Cover(3));
        Assert.Equal([book.Find(1)], book.Missing(3));
        book.Find(1)!.IsAt(3);
        Assert.True(book.Cover(3));
        Assert.False(book.Cover(4));
    }

    [Fact]
    public void A_copy_that_is_not_wanted_any_more_stays_for_who_comes_for_it_and_covers_nothing()
    {
        var book = new ReplicaSet<Held>();
        book.Want([0], o => new Held(Order.Units[o], o));
        Held old = book.Find(0)!;
        book.Want([], _ => throw new InvalidOperationException());
        Assert.Same(old, book.Find(0));
        Assert.Null(book.Takes(0, -1));
        Assert.True(book.Cover(3));
        book.Settle();
        Assert.Null(book.Find(0));
        Assert.True(old.IsFree);
    }

    [Fact]
    public void A_question_that_cannot_be_answered_yet_is_answered_once_when_its_state_has_come()
    {
        var book = new FetchProgress();
        var question = new FetchQuestion(1, 0, false);
        int answers = 0;
        bool here = false;
        bool Serve(FetchQuestion q)
        {
            answers += here ? 1 : 0;
            return here;
        }

        book.On(question, Serve);
        book.On(question, Serve);
        here = true;
        book.Serve(Serve);
        book.Serve(Serve);
        book.On(question, Serve);
        Assert.Equal(1, answers);
    }

    [Fact]
    public void Questions_are_answered_from_state_of_the_recovery_point_only_the_unit_before_the_copy()
    {
        Held unit = At(4), copy = At(4);
        Assert.Same(unit, FetchProgress.Source(unit, copy, 4, weights: false));
        Assert.Same(copy, FetchProgress.Source(At(3), copy, 4, weights: false));
        Assert.Null(FetchProgress.Source(At(3), copy, 4, weights: true));
        Assert.Null(FetchProgress.Source(At(3), At(-1), 4, weights: false));
        Assert.Null(FetchProgress.Source(null, null, 4, weights: false));
    }

    [Fact]
    public void Prepared_is_a_device_when_all_it_computes_with_is_here_copies_may_come_later()
    {
        HeldUnits<Held> units = Units([0, 1]);
        foreach (Held unit in units.Units)
        {
            Array.Fill(unit.Ranges, 4);
            unit.IsAt(unit.Ordinal == 1 ? -1 : 4);
        }

        var context = new EpochContext(Prepare(4, [.. Enumerable.Range(0, Order.Units.Count).Select(u => new UnitSource(u, RestoreRung.Live, 1))]), Spec, 0);
        var book = new FetchProgress();
        book.Begin(FetchProgress.Lacking(context, Order, units.Units, [At(-1, 2)]));
        Assert.Equal(new[] { (1, FetchKind.Unit), (2, FetchKind.Copy) }, book.Left.Where(f => f.Kind != FetchKind.Weights).Select(f => (f.Unit, f.Kind)));
        Assert.False(book.IsRestored);
        foreach (StateFetch fetch in book.Left.Where(f => f.Kind != FetchKind.Copy).ToArray())
        {
            book.Complete(fetch);
        }

        Assert.True(book.IsRestored);
        Assert.Single(book.Unanswered);
    }

    private static Func<Held, (bool There, string? Torn)> Rolls(PrepareEpoch m) => unit =>
    {
        if (RollForward.Misses(unit.Step, unit.HasGradient, m.RestoreStep, m.Redo))
        {
            UnitUpdate.InPlace(unit, m.Redo!, static () => { });
        }

        return (unit.Step == m.RestoreStep, null);
    };

    private static PrepareEpoch Prepare(long step, IReadOnlyList<UnitSource> sources) =>
        new(1, 2, Spec.ToJson(), "/run", [Nodes.Of(0), Nodes.Of(1)], [0, 0, 1, 1], step, 1, [], sources, Third, null, []);

    private static HeldUnits<Held> Units(IReadOnlyCollection<int> ranks)
    {
        var units = new HeldUnits<Held>(Order, (id, ordinal) => new Held(id, ordinal));
        units.Hold(ranks, null);
        return units;
    }

    private static Held At(long step, int ordinal = 0)
    {
        var held = new Held(Order.Units[ordinal], ordinal);
        held.IsAt(step);
        return held;
    }

    private sealed class Held(UnitId id, int ordinal) : IHeldUnit, IHeldCopy
    {
        public UnitId Id => id;

        public int Ordinal => ordinal;

        public long Step { get; private set; } = -1;

        public bool HasGradient { get; set; }

        public bool IsFree { get; private set; }

        public long[] Ranges { get; } = [-1, -1, -1, -1];

        public void IsAt(long step) => Step = Ranges[id.Index] = step;

        public void DropReduced() => HasGradient = false;

        public void DropGradient() => HasGradient = false;

        public void Dispose() => IsFree = true;
    }
}
