using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Checkpoints.Sharding;

/// <summary>Whether the experts one checkpoint saves can be spread evenly over the ranks: the MoC paper's condition for AN. Pure.</summary>
public static class ExpertBalance
{
    /// <summary>
    /// Uneven where (K·N_moe) mod D_ep ≠ 0 (the EP positions save different numbers of experts) or (K·N_moe / D_ep) mod (D_dp / D_ep) ≠ 0
    /// (their replicas do). A count alone: it knows neither which experts are saved nor how their optimizer state is cut.
    /// </summary>
    /// <param name="saves">K·N_moe: experts saved completely, over all MoE layers.</param>
    /// <param name="layout">D_dp = ranks, D_ep = expert-parallel degree.</param>
    /// <returns>The answer and the arithmetic behind it.</returns>
    public static (bool Uneven, string Reason) Of(int saves, LogicalLayout layout)
    {
        ArgumentNullException.ThrowIfNull(layout);
        int positions = layout.ExpertParallel, groups = layout.Groups;
        return (saves % positions, saves / positions % groups) switch
        {
            (not 0 and int left, _) => (true, $"{saves} expert saves over {positions} EP positions leave {left} over"),
            (_, not 0 and int left) => (true, $"{saves / positions} expert saves of each EP position over {groups} EP groups leave {left} over"),
            _ => (false, $"{saves} expert saves come out even over {positions} EP positions and {groups} EP {(groups == 1 ? "group" : "groups")}"),
        };
    }
}
