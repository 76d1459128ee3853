namespace MoeActors.Host.Progress;

/// <summary>Decides which snapshots get a line of their own. Not thread-safe.</summary>
/// <param name="everySteps">Steps between two lines; 0 goes by time alone.</param>
/// <param name="interval">Time after which the next step gets a line anyway.</param>
/// <param name="time">Clock.</param>
internal sealed class LinePace(int everySteps, TimeSpan interval, TimeProvider time)
{
    private long? _step;
    private string? _message;
    private long _at;

    /// <summary>Whether <paramref name="s"/> is shown: the first, the last, every n-th step, one per interval, each new message. The same state never twice.</summary>
    public bool Shows(ProgressSnapshot s)
    {
        bool changed = s.Step != _step;
        bool said = s.Message != _message && !string.IsNullOrEmpty(s.Message);
        bool due = _step is null
            || (changed && (s.Step >= s.Steps || (everySteps > 0 && s.Step % everySteps == 0) || time.GetElapsedTime(_at) >= interval));
        if (!due && !said)
        {
            return false;
        }

        (_step, _message, _at) = (s.Step, s.Message, time.GetTimestamp());
        return true;
    }
}
