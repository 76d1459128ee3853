namespace MoeActors.Actors.Tests.Simulation;

/// <summary>The simulation takes all the processor it can get: its tests run by themselves, not beside clusters whose clocks are real.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class SimulationCollection
{
    /// <summary>Name of the collection.</summary>
    public const string Name = "simulation";
}
