using System.Numerics;

using CsCheck;

using MoeActors.Actors.Cluster.Placements;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>The bound on the loss of the last copy of anything, against every set of losses there is.</summary>
public sealed class CopyLossProbabilityTests
{
    [Fact]
    public void It_is_never_below_what_all_sets_of_losses_give_zero_where_that_is_and_exact_for_the_fewest_losses_that_destroy_anything() =>
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 5].Array[1, 9]).Sample((copies, machines) =>
        {
            int[] numbers = [.. machines.Distinct()];
            int[] domainOf = [.. machines.Select(m => Array.IndexOf(numbers, m))];
            CopyPlan plan = CopyPlacement.Plan(copies, [.. machines.Select(m => $"machine-{m}")]);
            bool first = true;
            for (int k = 0; k <= numbers.Length; k++)
            {
                double bound = CopyLossProbability.Bound(plan, domainOf, k), exact = Exact(plan, domainOf, numbers.Length, k);
                Assert.InRange(exact, 0, bound + 1e-12);
                Assert.InRange(bound, 0, 1);
                Assert.Equal(exact == 0, bound == 0);
                if (exact > 0 && first)
                {
                    Assert.Equal(exact, bound, 1e-12);
                    first = false;
                }
            }
        });

    [Fact]
    public void One_copy_on_another_node_survives_any_one_loss_and_two_only_of_nodes_that_are_no_neighbours()
    {
        CopyPlan ring = CopyPlacement.Plan(1, [.. Enumerable.Range(0, 8).Select(n => $"machine-{n}")]);
        int[] alone = [.. Enumerable.Range(0, 8)];
        Assert.Equal(0, CopyLossProbability.Bound(ring, alone, 1));
        Assert.Equal(8 / 28.0, CopyLossProbability.Bound(ring, alone, 2), 1e-12);
        Assert.Equal(1, CopyLossProbability.Bound(ring, alone, 8));
    }

    /// <summary>Share of the sets of <paramref name="k"/> domains whose loss takes all holders of something.</summary>
    private static double Exact(CopyPlan plan, int[] domainOf, int domains, int k)
    {
        int all = 0, fatal = 0;
        foreach (uint lost in Enumerable.Range(0, 1 << domains).Select(s => (uint)s).Where(s => BitOperations.PopCount(s) == k))
        {
            bool IsLost(int node) => (lost >> domainOf[node] & 1) == 1;
            all++;
            fatal += Enumerable.Range(0, domainOf.Length).Any(n => IsLost(n) && plan.HostsOf[n].All(IsLost)) ? 1 : 0;
        }

        return (double)fatal / all;
    }
}
