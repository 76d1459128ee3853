using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.State;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Routing;

namespace MoeActors.Actors.Training;

/// <summary>What the device's actors share. All of it is used on the compute thread, the exchange from any thread.</summary>
/// <param name="Exchange">Data plane.</param>
/// <param name="Flight">Flight recorder of the process.</param>
/// <param name="Clock">Computing time by rank.</param>
/// <param name="Gate">Whose messages may change something.</param>
/// <param name="Snapshot">Begins the copy of a unit's state after the given number of completed steps, which then goes to the checkpoint writer; returns the ms it held computing up.</param>
/// <param name="Trace">Told of each chunk an expert shard computes: (epoch, step, layer, chunk); null when nobody asks.</param>
internal sealed record DeviceServices(
    IExchange Exchange,
    FlightRecorder Flight,
    LaneClock Clock,
    EpochGate Gate,
    Func<EpochContext, UnitState, SnapshotPlan, long, double> Snapshot,
    Action<int, long, int, ChunkKey>? Trace)
{
    /// <summary>Told in the middle of each unit's update: (unit, step); null when nobody asks.</summary>
    public Action<UnitId, long>? Updating { get; init; }

    /// <summary>Told before an expert shard computes the gradient of a chunk's rows: (unit, step); null when nobody asks.</summary>
    public Action<UnitId, long>? Returning { get; init; }
}
