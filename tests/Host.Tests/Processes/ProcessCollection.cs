namespace MoeActors.Host.Tests.Processes;

/// <summary>Tests that start whole clusters: one at a time, or they would measure each other.</summary>
[CollectionDefinition(Name)]
public sealed class ProcessCollection : ICollectionFixture<UndisturbedRun>
{
    public const string Name = "processes";
}
