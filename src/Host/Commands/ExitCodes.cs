namespace MoeActors.Host.Commands;

/// <summary>What the process's exit code means; docs/cli.md says the same.</summary>
internal static class ExitCodes
{
    /// <summary>Done.</summary>
    public const int Ok = 0;

    /// <summary>Something nobody foresaw; a defect.</summary>
    public const int Unexpected = 1;

    /// <summary>The command line cannot be understood.</summary>
    public const int CommandLine = 2;

    /// <summary>A setting that does not exist or cannot be.</summary>
    public const int Configuration = 3;

    /// <summary>Data or tokenizer missing, unreadable, empty, too short or changed.</summary>
    public const int Data = 4;

    /// <summary>No checkpoint, or one that is damaged, incomplete or of another model or run.</summary>
    public const int Checkpoint = 5;

    /// <summary>The cluster cannot be reached or refused this process: another version, run or secret, or too few nodes left.</summary>
    public const int Cluster = 6;

    /// <summary>Disk, memory, a port, a library or a permission that is not there.</summary>
    public const int Resources = 7;

    /// <summary>Training stopped because losses or gradients were not finite.</summary>
    public const int NonFinite = 8;

    /// <summary>The restart budget of a node is used up.</summary>
    public const int RestartBudget = 9;

    /// <summary>The same actor fails at the same step for the same reason each time: its input, or the code, is at fault.</summary>
    public const int Poison = 10;

    /// <summary>A fault was not injected: refused by the cluster's rules or limits.</summary>
    public const int FaultRefused = 11;

    /// <summary>An injected fault did not take, or a campaign's run did not end like the undisturbed one.</summary>
    public const int FaultNotTaken = 12;

    /// <summary>Stopped by Ctrl-C (SIGINT).</summary>
    public const int Interrupted = 130;

    /// <summary>Stopped by SIGTERM.</summary>
    public const int Terminated = 143;
}
