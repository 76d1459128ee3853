using MoeActors.Compute.Specs;

namespace MoeActors.Host.Configuration;

/// <summary>Which side of a partition goes on.</summary>
internal enum SplitBrainStrategy
{
    /// <summary>The side with more nodes.</summary>
    KeepMajority,

    /// <summary>The side with the oldest node.</summary>
    KeepOldest,

    /// <summary>A side with at least a fixed number of nodes.</summary>
    StaticQuorum,

    /// <summary>The side that gets a lease in the journal's database first, the one with more nodes being asked first.</summary>
    LeaseMajority,
}

/// <summary>The split-brain resolver.</summary>
/// <param name="Strategy">Which side goes on.</param>
/// <param name="StableAfter">Time membership must be still before a side is downed.</param>
/// <param name="Quorum">Nodes a side needs under <see cref="SplitBrainStrategy.StaticQuorum"/>; 0 = a majority of the run's nodes.</param>
internal sealed record SplitBrainSettings(SplitBrainStrategy Strategy, TimeSpan StableAfter, int Quorum)
{
    /// <summary>Reads the section.</summary>
    public static SplitBrainSettings Read(SettingsReader r) => new(
        r.Choice(
            "cluster.split-brain.strategy",
            ("keep-majority", SplitBrainStrategy.KeepMajority),
            ("keep-oldest", SplitBrainStrategy.KeepOldest),
            ("static-quorum", SplitBrainStrategy.StaticQuorum),
            ("lease-majority", SplitBrainStrategy.LeaseMajority)),
        r.Interval("cluster.split-brain.stable-after", 10),
        r.Whole("cluster.split-brain.quorum", 0, LogicalLayout.MostRanks));
}
