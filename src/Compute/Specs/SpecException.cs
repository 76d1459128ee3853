namespace MoeActors.Compute.Specs;

/// <summary>A setting that cannot be: names the key, the value and what was expected.</summary>
public sealed class SpecException : Exception
{
    /// <summary>Creates the exception from one ready sentence.</summary>
    public SpecException(string message)
        : base(message)
    {
    }

    /// <summary>Throws unless <paramref name="ok"/>.</summary>
    public static void Require(bool ok, string key, object value, string expected)
    {
        if (!ok)
        {
            throw new SpecException($"{key} = {value}: expected {expected}");
        }
    }
}
