namespace MoeActors.Actors.Faults.Campaigns;

/// <summary>One kind a campaign draws from, with what it is injected with.</summary>
/// <param name="Kind">Kind.</param>
/// <param name="Parameters">"name=value".</param>
/// <param name="ForMs">How long it lasts; 0 = a moment.</param>
public sealed record CampaignKind(string Kind, IReadOnlyList<string> Parameters, long ForMs);

/// <summary>A fault at its place in a run.</summary>
/// <param name="AtStep">Completed steps after which it begins.</param>
/// <param name="Kind">Kind.</param>
/// <param name="Target">Target.</param>
/// <param name="Parameters">"name=value".</param>
/// <param name="ForMs">How long it lasts; 0 = a moment.</param>
public sealed record PlannedFault(long AtStep, string Kind, string Target, IReadOnlyList<string> Parameters, long ForMs);

/// <summary>What faults to inject into a run: drawn from a seed, or written down.</summary>
public sealed record Campaign
{
    /// <summary>Seed of what is drawn.</summary>
    public required long Seed { get; init; }

    /// <summary>Faults to draw.</summary>
    public int Count { get; init; }

    /// <summary>Mean number of steps between two of them (exponentially distributed: the MTBF).</summary>
    public double MeanSteps { get; init; } = 10;

    /// <summary>Completed steps before which none begins.</summary>
    public long FirstStep { get; init; } = 1;

    /// <summary>Kinds to draw from, each as likely as another; one that is named twice is twice as likely.</summary>
    public IReadOnlyList<CampaignKind> Kinds { get; init; } = [];

    /// <summary>Nodes that may be hit; empty = all.</summary>
    public IReadOnlyList<string> Nodes { get; init; } = [];

    /// <summary>Faults at fixed places, besides those drawn.</summary>
    public IReadOnlyList<PlannedFault> Script { get; init; } = [];

    /// <summary>Most at once.</summary>
    public int MaxActive { get; init; } = 1;

    /// <summary>Longest.</summary>
    public TimeSpan MaxDuration { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>The run a campaign is for, as far as targets are concerned.</summary>
/// <param name="Steps">Steps of the run.</param>
/// <param name="Nodes">Names of its nodes.</param>
/// <param name="Ranks">Logical ranks.</param>
/// <param name="MoeLayers">MoE layers.</param>
public sealed record CampaignRun(long Steps, IReadOnlyList<string> Nodes, int Ranks, int MoeLayers);
