using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Routing;

/// <summary>Where a routing decision is made: what a loss knows beside it.</summary>
/// <param name="Moe">The layer.</param>
/// <param name="Layout">EP positions.</param>
/// <param name="SequenceLength">Tokens of one sequence; the group has whole ones, one after the other.</param>
public sealed record RoutingGroup(MoeSpec Moe, LogicalLayout Layout, int SequenceLength)
{
    /// <summary>The group of experts each one is in, [N]: the gate's where it has any, else the EP positions. What nothing is sent for is in none.</summary>
    public int[] Groups()
    {
        int[] of = new int[Moe.Experts];
        for (int g = 0; g < GroupCount; g++)
        {
            (int first, int count) = Moe.Gate.Groups > 1 ? (g * (Moe.Experts / GroupCount), Moe.Experts / GroupCount) : Layout.ExpertsAt(g, Moe.Experts);
            Array.Fill(of, g, first, count);
        }

        return of;
    }

    /// <summary>How many there are.</summary>
    public int GroupCount => Moe.Gate.Groups > 1 ? Moe.Gate.Groups : Layout.ExpertParallel;
}
