namespace MoeActors.Compute.Routing.Losses;

/// <summary>The auxiliary losses there are, in the order in which they are added up (DT-1).</summary>
public static class LossCatalogue
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<IAuxiliaryLoss> All { get; } = [new BalanceLoss(), new RouterZLoss()];
}
