using CsCheck;
using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Tests.Checkpoints.Partial;

public sealed class PecSelectionTests
{
    [Fact]
    public void The_worked_example_of_the_paper_comes_out()
    {
        IReadOnlyList<int> order = ExpertOrder.Of(new LogicalLayout { Ranks = 3, ExpertParallel = 3 }, 3);
        var versions = new long[4][];
        Array.Fill(versions, [0, 0, 0]);
        ExpertSelection first = PecSelection.OneLevel([.. versions.Select(v => new PecLayer(order, v))], 1);
        Assert.Equal([0, 1, 2, 0], first.Persist.Select(Assert.Single));
        ExpertSelection second = PecSelection.OneLevel([.. versions.Select((v, m) => new PecLayer(order, Saved(v, first.Persist[m], 10)))], 1);
        Assert.Equal([1, 2, 0, 1], second.Persist.Select(Assert.Single));
        Assert.Equal(second.Persist, second.Snapshot);
        Assert.Equal("sequential, least recently saved first: 1 of 3 experts in each of 4 MoE layers", second.Reason);
    }

    [Fact]
    public void From_a_full_checkpoint_on_one_expert_at_a_time_walks_the_order_from_the_ordinal_of_the_layer() =>
        (from d in Gen.Int[1, 5] from n in Gen.Int[d, 12] from m in Gen.Int[0, 20] select (d, n, m)).Sample((d, n, m) =>
        {
            IReadOnlyList<int> order = ExpertOrder.Of(new LogicalLayout { Ranks = d, ExpertParallel = d }, n);
            long[] saved = new long[n];
            for (int c = 0; c < 3 * n; c++)
            {
                int expert = Assert.Single(Layer(new PecLayer(order, saved), m, 1));
                Assert.Equal(order[(c + m) % n], expert);
                saved[expert] = c + 1;
            }
        });

    [Fact]
    public void Every_expert_is_saved_within_the_rounded_up_ratio_of_N_to_K_whatever_was_saved_before() =>
        (from n in Gen.Int[1, 20] from k in Gen.Int[1, n] from saved in Gen.Long[0, 5].Array[n] from order in Gen.Shuffle(Numbers(n)) from m in Gen.Int[0, 9] select (n, k, saved, order, m)).Sample(c =>
            Assert.Equal(Numbers(c.n), SavedBy(c.saved, Enumerable.Repeat((c.order, c.k), (c.n + c.k - 1) / c.k), c.m)));

    [Fact]
    public void A_change_of_K_or_of_the_layout_starves_no_expert() => (
        from n in Gen.Int[1, 16]
        from saved in Gen.Long[0, 5].Array[n]
        from checkpoints in Gen.Select(Gen.Shuffle(Numbers(n)), Gen.Int[1, n]).Array[n]
        from m in Gen.Int[0, 9]
        select (n, saved, checkpoints, m)).Sample(c =>
        {
            int sum = 0;
            (int[] Order, int K)[] enough = [.. c.checkpoints.TakeWhile(x => (sum += x.Item2) - x.Item2 < c.n)];
            Assert.Equal(Numbers(c.n), SavedBy(c.saved, enough, c.m));
        });

    [Fact]
    public void The_saved_experts_lie_on_as_many_expert_parallel_positions_as_can_be() =>
        (from d in Gen.Int[1, 6] from each in Gen.Int[1, 4] from k in Gen.Int[1, d * each] from m in Gen.Int[0, 9] where d * each % k == 0 select (d, n: d * each, k, m)).Sample(c =>
        {
            var layout = new LogicalLayout { Ranks = c.d, ExpertParallel = c.d };
            long[] saved = new long[c.n];
            for (int step = 1; step <= 3 * c.n; step++)
            {
                IReadOnlyList<int> chosen = Layer(new PecLayer(ExpertOrder.Of(layout, c.n), saved), c.m, c.k);
                int[] held = [.. Enumerable.Range(0, c.d).Select(p => chosen.Count(e => layout.PositionOfExpert(e, c.n) == p))];
                Assert.True(held.Max() - held.Min() <= 1, $"K = {c.k} on positions: {string.Join(", ", held)}");
                saved = Saved(saved, chosen, step);
            }
        });

    [Fact]
    public void Load_aware_takes_the_most_unsaved_tokens_and_among_equals_the_least_recently_saved()
    {
        PecLayer layer = new([0, 1, 2, 3], [7, 5, 5, 9], [10, 30, 30, 10]);
        Assert.Equal([1, 2], Layer(layer, 0, 2));
        Assert.Equal([2], Layer(layer, 2, 1));
        Assert.Equal([0, 1, 2], Layer(layer, 3, 3));
        Assert.Contains("load-aware", PecSelection.OneLevel([layer], 1).Reason);
    }

    [Fact]
    public void Experts_are_persisted_out_of_the_snapshot_and_each_within_the_rounded_up_ratio() => (
        from n in Gen.Int[1, 16]
        from snapshot in Gen.Int[1, n]
        from persist in Gen.Int[1, snapshot]
        from persisted in Gen.Long[0, 5].Array[n]
        from order in Gen.Shuffle(Numbers(n))
        select (n, snapshot, persist, persisted, order)).Sample(c =>
        {
            long[] stored = c.persisted, copied = c.persisted;
            var seen = new SortedSet<int>();
            for (int i = 0; i < (c.n + c.persist - 1) / c.persist; i++)
            {
                ExpertSelection s = PecSelection.TwoLevel([new PecLayer(c.order, stored)], [new PecLayer(c.order, copied)], c.snapshot, c.persist);
                Assert.Equal((c.persist, c.snapshot), (s.Persist[0].Count, s.Snapshot[0].Count));
                Assert.Empty(s.Persist[0].Except(s.Snapshot[0]));
                Assert.Equal(s.Snapshot[0].Order().Distinct(), s.Snapshot[0]);
                seen.UnionWith(s.Persist[0]);
                (stored, copied) = (Saved(stored, s.Persist[0], 10 + i), Saved(copied, s.Snapshot[0], 10 + i));
            }

            Assert.Equal(Numbers(c.n), seen);
        });

    [Fact]
    public void With_even_numbers_both_depths_have_their_full_period() => (
        from persist in Gen.Int[1, 3]
        from a in Gen.Int[1, 4]
        from b in Gen.Int[1, 4]
        from order in Gen.Shuffle(Numbers(persist * a * b))
        select (n: persist * a * b, snapshot: persist * a, persist, order)).Sample(c =>
        {
            long[] stored = new long[c.n], copied = new long[c.n];
            for (int i = 1; i <= 3 * c.n; i++)
            {
                ExpertSelection s = PecSelection.TwoLevel([new PecLayer(c.order, stored)], [new PecLayer(c.order, copied)], c.snapshot, c.persist);
                (stored, copied) = (Saved(stored, s.Persist[0], i), Saved(copied, s.Snapshot[0], i));
                Assert.True(copied.Min() > i - (c.n / c.snapshot) - (i <= c.n / c.snapshot ? 1 : 0), $"snapshots after checkpoint {i}: {string.Join(", ", copied)}");
                Assert.True(stored.Min() > i - (c.n / c.persist) - (i <= c.n / c.persist ? 1 : 0), $"storage after checkpoint {i}: {string.Join(", ", stored)}");
            }
        });

    [Fact]
    public void The_two_depths_look_at_their_own_loads()
    {
        ExpertSelection s = PecSelection.TwoLevel(
            [new PecLayer([0, 1, 2, 3], [0, 0, 0, 0], [1, 2, 9, 3])], [new PecLayer([0, 1, 2, 3], [0, 0, 0, 0], [8, 2, 9, 3])], 2, 1);
        Assert.Equal([2], s.Persist[0]);
        Assert.Equal([0, 2], s.Snapshot[0]);
    }

    [Fact]
    public void K_outside_of_1_to_N_is_refused()
    {
        PecLayer layer = new([0, 1], [0, 0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => PecSelection.OneLevel([layer], 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => PecSelection.OneLevel([layer], 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => PecSelection.TwoLevel([layer], [layer], 1, 2));
    }

    private static int[] Numbers(int n) => [.. Enumerable.Range(0, n)];

    private static long[] Saved(long[] versions, IReadOnlyList<int> experts, long step) => [.. versions.Select((v, e) => experts.Contains(e) ? step : v)];

    /// <summary>The choice for the layer of ordinal <paramref name="m"/>; the layers before it are of no interest.</summary>
    private static IReadOnlyList<int> Layer(PecLayer layer, int m, int k) => PecSelection.OneLevel([.. Enumerable.Repeat(layer, m + 1)], k).Persist[m];

    private static SortedSet<int> SavedBy(long[] saved, IEnumerable<(int[] Order, int K)> checkpoints, int m)
    {
        var seen = new SortedSet<int>();
        long step = saved.Max();
        foreach ((int[] order, int k) in checkpoints)
        {
            IReadOnlyList<int> chosen = Layer(new PecLayer(order, saved), m, k);
            seen.UnionWith(chosen);
            saved = Saved(saved, chosen, ++step);
        }

        return seen;
    }
}
