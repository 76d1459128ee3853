using System.Diagnostics;
using System.Text.Json;

using MoeActors.Host.Commands;
using MoeActors.Host.Nodes;

namespace MoeActors.Host.Runs;

/// <summary>One node process as its supervisor sees it: started, heard to listen, ended. Its standard input is its lifeline.</summary>
internal sealed class NodeChild : IDisposable
{
    private readonly Process process;
    private readonly TaskCompletionSource<NodeHandler.Listening> listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<string> lastWords = [];

    private readonly Action oneMore;

    private NodeChild(Process process, string name, Action oneMore)
    {
        (this.process, Name, this.oneMore) = (process, name, oneMore);
        process.OutputDataReceived += (_, e) => OnOutput(e.Data);
        process.ErrorDataReceived += (_, e) => OnError(e.Data);
    }

    /// <summary>Name of the node.</summary>
    public string Name { get; }

    /// <summary>Process id.</summary>
    public int Pid => process.Id;

    /// <summary>Where it listens, once it does.</summary>
    public Task<NodeHandler.Listening> Listening => listening.Task;

    /// <summary>Ends with the exit code.</summary>
    public Task<int> Ended { get; private set; } = Task.FromResult(0);

    /// <summary>What it said last on standard error.</summary>
    public string LastWords
    {
        get
        {
            lock (lastWords)
            {
                return string.Join(' ', lastWords).Replace("moe: ", "", StringComparison.Ordinal);
            }
        }
    }

    /// <summary>Starts a node.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="config">Its configuration file.</param>
    /// <param name="join">Nodes to join; none: it begins a cluster.</param>
    /// <param name="start">How often it was started before.</param>
    /// <param name="httpPort">Port of its status server; 0 = a free one.</param>
    /// <param name="oneMore">Called when it asks for one more node.</param>
    public static NodeChild Start(string name, string config, IReadOnlyList<string> join, int start, int httpPort, Action oneMore)
    {
        var info = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            info.ArgumentList.Add(typeof(NodeChild).Assembly.Location);
        }

        foreach (string argument in (string[])["node", "--supervised", "--start", start.ToString(System.Globalization.CultureInfo.InvariantCulture), "--config", config, "--set", $"node.name={name}", "--set", string.Create(System.Globalization.CultureInfo.InvariantCulture, $"http.port={httpPort}")])
        {
            info.ArgumentList.Add(argument);
        }

        if (join.Count > 0)
        {
            info.ArgumentList.Add("--join");
            foreach (string address in join)
            {
                info.ArgumentList.Add(address);
            }
        }

        // One thread a lane, waiting threads asleep: several nodes share this machine (DT-1: no library may change its number of threads).
        info.Environment["OMP_WAIT_POLICY"] = "PASSIVE";
        info.Environment["OMP_DYNAMIC"] = "FALSE";
        info.Environment["MKL_DYNAMIC"] = "FALSE";
        var child = new NodeChild(new Process { StartInfo = info, EnableRaisingEvents = true }, name, oneMore);
        child.process.Start();
        child.process.BeginOutputReadLine();
        child.process.BeginErrorReadLine();
        child.Ended = child.WaitAsync();
        return child;
    }

    /// <summary>Asks the process to leave the cluster and end.</summary>
    public void Stop()
    {
        try
        {
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It is gone already.
        }
    }

    /// <summary>Ends it without asking.</summary>
    public void Kill()
    {
        if (!process.HasExited)
        {
            process.Kill();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => process.Dispose();

    private async Task<int> WaitAsync()
    {
        await process.WaitForExitAsync().ConfigureAwait(false);
        listening.TrySetException(new CommandException(
            process.ExitCode is > ExitCodes.Ok and <= ExitCodes.RestartBudget ? process.ExitCode : ExitCodes.Resources, $"{Name} ended before it listened: {LastWords}"));
        _ = listening.Task.Exception;
        return process.ExitCode;
    }

    private void OnOutput(string? line)
    {
        if (line is null || !line.StartsWith('{'))
        {
            return;
        }

        switch (JsonSerializer.Deserialize<NodeHandler.Listening>(line, JsonSerializerOptions.Web))
        {
            case { Event: "listening" } told:
                listening.TrySetResult(told);
                break;
            case { Event: NodeHandler.Wish.OneMore }:
                oneMore();
                break;
        }
    }

    private void OnError(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (lastWords)
        {
            lastWords.Add(line);
            if (lastWords.Count > 3)
            {
                lastWords.RemoveAt(0);
            }
        }
    }
}
