### dashboard
