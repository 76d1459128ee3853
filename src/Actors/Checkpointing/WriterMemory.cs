namespace MoeActors.Actors.Checkpointing;

/// <summary>What a checkpoint writer leaves to the one that is started in its place. Thread-safe.</summary>
internal sealed class WriterMemory
{
    private readonly Lock gate = new();
    private (int Epoch, long Step) abandoned = (-1, -1);
    private int restarts;

    /// <summary>How often a writer failed.</summary>
    public int Restarts
    {
        get
        {
            lock (gate)
            {
                return restarts;
            }
        }
    }

    /// <summary>Why the last one did.</summary>
    public string LastFailure { get; private set; } = "";

    /// <summary>A writer failed in the middle of a checkpoint, or between two (-1): what still comes of it is no use to anybody.</summary>
    public void Failed(int epoch, long step, string reason)
    {
        lock (gate)
        {
            (abandoned, restarts, LastFailure) = ((epoch, step), restarts + 1, reason);
        }
    }

    /// <summary>Whether the checkpoint is one that a writer failed in.</summary>
    public bool IsAbandoned(int epoch, long step)
    {
        lock (gate)
        {
            return abandoned == (epoch, step);
        }
    }
}
