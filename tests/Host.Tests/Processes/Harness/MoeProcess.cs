using System.Diagnostics;

namespace MoeActors.Host.Tests.Processes.Harness;

/// <summary>How a command ended.</summary>
/// <param name="Code">Exit code; 128 + signal when a signal ended it.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
internal sealed record Ended(int Code, string Output, string Error);

/// <summary>One started command of the program. Tests wait for what it says or for its end, never for time to pass.</summary>
internal sealed class MoeProcess : IDisposable
{
    /// <summary>Beyond this something hangs, however slow the machine.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private readonly Process process;
    private readonly Lock gate = new();
    private readonly List<string> output = [], error = [];
    private long heard; // when the last line came, by the stopwatch
    private readonly List<(Func<string, bool> Wanted, TaskCompletionSource<string> Said)> waiting = [];

    public MoeProcess(ProcessStartInfo info)
    {
        (info.RedirectStandardInput, info.RedirectStandardOutput, info.RedirectStandardError) = (true, true, true);
        process = new Process { StartInfo = info };
        process.OutputDataReceived += (_, e) => Take(e.Data, output);
        process.ErrorDataReceived += (_, e) => Take(e.Data, error);
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Pid = process.Id;
    }

    public int Pid { get; }

    public string Transcript
    {
        get
        {
            lock (gate)
            {
                return $"{process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)}\n{string.Join('\n', output)}\n--- error\n{string.Join('\n', error)}";
            }
        }
    }

    /// <summary>The first line, past or to come, that <paramref name="wanted"/> accepts.</summary>
    public async Task<string> SaysAsync(Func<string, bool> wanted, string description)
    {
        var said = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (output.Concat(error).FirstOrDefault(wanted) is { } known)
            {
                return known;
            }

            waiting.Add((wanted, said));
        }

        await BoundedAsync(async end => await Task.WhenAny(said.Task, process.WaitForExitAsync(end)).WaitAsync(end));
        return said.Task.IsCompleted ? await said.Task : throw new TimeoutException($"it never said {description}:\n{Transcript}");
    }

    public Task<string> SaysAsync(string part) => SaysAsync(l => l.Contains(part, StringComparison.Ordinal), $"'{part}'");

    /// <summary>Process id of a node of the run, once it is up.</summary>
    public async Task<int> PidOfNodeAsync(string node) => int.Parse((await SaysAsync($"{node} is up (pid ")).Split("(pid ")[1].Split(')')[0]);

    // Only a process that hangs meets the bound: it must not hang the tests with it.
    private async Task BoundedAsync(Func<CancellationToken, Task> wait)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            await wait(patience.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"nothing came of it within {Patience.TotalMinutes:0} minutes:\n{Transcript}");
        }
    }

    /// <summary>Its end. How long it works is its own affair: one that has said nothing for <see cref="Patience"/> hangs.</summary>
    public async Task<Ended> EndedAsync()
    {
        long asked = Stopwatch.GetTimestamp();
        Task ended = process.WaitForExitAsync(TestContext.Current.CancellationToken);
        while (!ended.IsCompleted)
        {
            TimeSpan left = Patience - Stopwatch.GetElapsedTime(Math.Max(asked, Interlocked.Read(ref heard)));
            if (left <= TimeSpan.Zero)
            {
                throw new TimeoutException($"nothing came of it within {Patience.TotalMinutes:0} minutes:\n{Transcript}");
            }

            try
            {
                await ended.WaitAsync(left, TestContext.Current.CancellationToken);
            }
            catch (TimeoutException)
            {
                // It may have said something meanwhile.
            }
        }

        await ended;
        lock (gate)
        {
            return new Ended(process.ExitCode, string.Join('\n', output), string.Join('\n', error));
        }
    }

    public void Signal(int signal) => NativeProcess.Signal(Pid, signal);

    public void Dispose() => process.Dispose();

    private void Take(string? line, List<string> kept)
    {
        if (line is null)
        {
            return;
        }

        lock (gate)
        {
            heard = Stopwatch.GetTimestamp();
            kept.Add(line);
            for (int i = waiting.Count - 1; i >= 0; i--)
            {
                if (waiting[i].Wanted(line))
                {
                    waiting[i].Said.TrySetResult(line);
                    waiting.RemoveAt(i);
                }
            }
        }
    }
}
